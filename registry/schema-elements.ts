import {
  type DefinitionNode,
  type EnumValueDefinitionNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type TypeDefinitionNode,
  type TypeNode,
} from 'graphql';

/** An element that has a type of its own. */
export type Typed = FieldDefinitionNode | InputValueDefinitionNode;
/** A part of a schema that can carry a directive. */
export type Element = TypeDefinitionNode | Typed | EnumValueDefinitionNode;
export type ElementKind = 'type' | 'outputField' | 'inputField' | 'argument' | 'enumValue';
type Visit = (element: Element, coordinate: string, kind: ElementKind) => Element;

/** Rebuilds a type with every element that can carry a directive replaced by what `visit` makes of it. */
export function mapElements(type: TypeDefinitionNode, visit: Visit): TypeDefinitionNode {
  const name = type.name.value;
  const at = (part: { name: { value: string } }) => `${name}.${part.name.value}`;
  const self = visit(type, name, 'type') as TypeDefinitionNode;
  switch (self.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const fields = fieldsOf(self).map((field) => {
        const seen = visit(field, at(field), 'outputField') as FieldDefinitionNode;
        const mapped = (seen.arguments ?? []).map(
          (argument) =>
            visit(argument, `${at(field)}(${argument.name.value}:)`, 'argument') as InputValueDefinitionNode,
        );
        return { ...seen, arguments: mapped };
      });
      return { ...self, fields };
    }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return {
        ...self,
        fields: (self.fields ?? []).map((field) => visit(field, at(field), 'inputField') as InputValueDefinitionNode),
      };
    case Kind.ENUM_TYPE_DEFINITION:
      return {
        ...self,
        values: (self.values ?? []).map((value) => visit(value, at(value), 'enumValue') as EnumValueDefinitionNode),
      };
    case Kind.UNION_TYPE_DEFINITION:
    case Kind.SCALAR_TYPE_DEFINITION:
      return self;
  }
}

export function forEachElement(type: TypeDefinitionNode, visit: (...parameters: Parameters<Visit>) => void): void {
  mapElements(type, (element, at, kind) => {
    visit(element, at, kind);
    return element;
  });
}

const TYPE_KINDS: ReadonlySet<string> = new Set([
  Kind.SCALAR_TYPE_DEFINITION,
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
]);

export function isType(definition: DefinitionNode): definition is TypeDefinitionNode {
  return TYPE_KINDS.has(definition.kind);
}

/** Types of the graph itself, not those of the specifications it is written with (`join__Graph` and the like). */
export function isOwnType(definition: DefinitionNode): definition is TypeDefinitionNode {
  return isType(definition) && !/^[a-z][A-Za-z]*__/.test(definition.name.value);
}

export function fieldsOf(type: TypeDefinitionNode | undefined): readonly FieldDefinitionNode[] {
  return type?.kind === Kind.OBJECT_TYPE_DEFINITION || type?.kind === Kind.INTERFACE_TYPE_DEFINITION
    ? (type.fields ?? [])
    : [];
}

export function interfacesOf(type: TypeDefinitionNode): readonly string[] {
  return type.kind === Kind.OBJECT_TYPE_DEFINITION || type.kind === Kind.INTERFACE_TYPE_DEFINITION
    ? (type.interfaces ?? []).map((parent) => parent.name.value)
    : [];
}

export function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}

export function isRequired(value: InputValueDefinitionNode): boolean {
  return value.type.kind === Kind.NON_NULL_TYPE && value.defaultValue === undefined;
}
