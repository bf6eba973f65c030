import { describeType, readServiceModel, type ServiceModel } from './edmx.ts';

const described = (types: ReturnType<typeof describeType>[]): ServiceModel => ({
  types: new Map(types),
  sets: new Map(types.map(([name]) => [name.replace(/Type$/, ''), { type: name, isCreatable: true }])),
});

/**
 * The services that the test server has. Two are as SAP published their metadata; of the others, whose metadata is not at
 * hand under a licence, the entities that are read are described here by the names, types and lengths that SAP documents.
 */
export const SERVICES: Readonly<Record<string, ServiceModel>> = {
  API_PRODUCT_SRV: readServiceModel('API_PRODUCT_SRV'),
  API_SALES_ORDER_SRV: readServiceModel('API_SALES_ORDER_SRV'),
  API_PRODUCTGROUP_SRV: described([
    describeType('A_ProductGroupTextType', 'MaterialGroup:String(9)! Language:String(2)! MaterialGroupName:String(20) MaterialGroupText:String(60)'),
  ]),
  API_SLSPRICINGCONDITIONRECORD_SRV: described([
    describeType(
      'A_SlsPrcgConditionRecordType',
      'ConditionRecord:String(10)! ConditionSequentialNumber:String(2) ConditionTable:String(3) ConditionApplication:String(2) ConditionType:String(4) ConditionValidityEndDate:DateTime(0) ConditionValidityStartDate:DateTime(0) CreationDate:DateTime(0) PricingScaleType:String(1) PricingScaleBasis:String(1) ConditionCalculationType:String(1) ConditionRateValue:Decimal(24,9) ConditionRateValueUnit:String(5) ConditionQuantity:Decimal(5,0) ConditionQuantityUnit:String(3) ConditionToBaseQtyNmrtr:Decimal(5,0) ConditionToBaseQtyDnmntr:Decimal(5,0) BaseUnit:String(3) ConditionIsDeleted:Boolean ConditionReleaseStatus:String(1)',
      { to_SlsPrcgCndnRecdValidity: 'A_SlsPrcgCndnRecdValidityType', to_SlsPrcgCndnRecordScale: 'A_SlsPrcgCndnRecordScaleType' },
    ),
    describeType('A_SlsPrcgCndnRecdValidityType', 'ConditionRecord:String(10)! ConditionValidityEndDate:DateTime(0)! ConditionValidityStartDate:DateTime(0) ConditionApplication:String(2) ConditionType:String(4) ConditionReleaseStatus:String(1) SalesOrganization:String(4) DistributionChannel:String(2) Customer:String(10) PriceListType:String(2) Material:String(40)'),
    describeType('A_SlsPrcgCndnRecordScaleType', 'ConditionRecord:String(10)! ConditionSequentialNumber:String(2)! ConditionScaleLine:String(4)! ConditionScaleQuantity:Decimal(15,3) ConditionScaleQuantityUnit:String(3) ConditionRateValue:Decimal(24,9) ConditionRateValueUnit:String(5)'),
  ]),
}; // biome-ignore format: a table
