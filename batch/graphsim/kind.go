package graphsim

import "strings"

// property is what a reply may say of a thing, and what $select may ask for.
type property[T any] struct {
	name  string
	value func(T) any
	usual bool // also in a reply to a request without $select
	beta  bool // v1.0 does not have it
}

// kind is a type of thing as a $select sees it.
type kind interface {
	typeName() string
	has(property, version string) bool
}

// properties are those of one type, whose name in Graph's metadata is kind.
type properties[T any] struct {
	name string
	all  []property[T]
}

func (p *properties[T]) typeName() string { return p.name }

func (p *properties[T]) has(name, version string) bool {
	of := p.named(name)
	return of != nil && (!of.beta || version == "beta")
}

// named is the property of a name, or nil.
func (p *properties[T]) named(name string) *property[T] {
	for i := range p.all {
		if p.all[i].name == name {
			return &p.all[i]
		}
	}
	return nil
}

// object is a thing in a reply, with the properties that were selected, or with the usual
// ones when none were.
func (p *properties[T]) object(thing T, fields []string) object {
	o := make(object, len(fields)+2)
	for _, name := range fields {
		o[name] = p.named(name).value(thing)
	}
	for i := range p.all {
		if fields == nil && p.all[i].usual {
			o[p.all[i].name] = p.all[i].value(thing)
		}
	}
	return o
}

// object is a JSON object.
type object map[string]any

// orNull is null for the zero value.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// alwaysNull are properties that no thing here has.
func alwaysNull[T any](names string) (null []property[T]) {
	for name := range strings.FieldsSeq(names) {
		null = append(null, property[T]{name: name, usual: true, value: func(T) any { return nil }})
	}
	return null
}
