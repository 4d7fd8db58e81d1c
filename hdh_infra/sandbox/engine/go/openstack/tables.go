package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/v3/openstack"
)

// entry is one resource or data source as a Pulumi program sees it. A shape is the name of a type, a list of one
// shape, {"*": shape} for a map, or an object's properties.
type entry struct {
	Tokens   []string       `json:"tokens"`
	Inputs   map[string]any `json:"inputs"`
	Outputs  map[string]any `json:"outputs"`
	Required []string       `json:"required"`
	Secrets  []string       `json:"secrets"`
}

type tables struct {
	Resources   map[string]entry `json:"resources"`
	DataSources map[string]entry `json:"dataSources"`
}

// printTables writes every resource and data source of the Terraform provider, those without a token as well, with the
// tokens under which they are served and the properties that the bridge gives them.
func printTables(m mapping, info tfbridge.ProviderInfo) error {
	all := shimv2.NewProvider(openstack.Provider())
	found := tables{Resources: map[string]entry{}, DataSources: map[string]entry{}}
	all.ResourcesMap().Range(func(terraform string, resource shim.Resource) bool {
		fields := m.schemaInfo(terraform)
		if served, ok := info.Resources[terraform]; ok {
			fields = served.Fields
		}
		found.Resources[terraform] = describe(resource.Schema(), fields)
		return true
	})
	all.DataSourcesMap().Range(func(terraform string, source shim.Resource) bool {
		found.DataSources[terraform] = describe(source.Schema(), m.schemaInfo(terraform))
		return true
	})
	for key, resource := range info.Resources {
		add(found.Resources, key, string(resource.Tok))
	}
	for key, source := range info.DataSources {
		add(found.DataSources, key, string(source.Tok))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(found)
}

func add(to map[string]entry, key, token string) {
	terraform := strings.ReplaceAll(key, olderMark, "")
	one := to[terraform]
	one.Tokens = append(one.Tokens, token)
	slices.Sort(one.Tokens)
	to[terraform] = one
}

func describe(schema shim.SchemaMap, fields map[string]*tfbridge.SchemaInfo) entry {
	one := entry{
		Tokens: []string{}, Inputs: map[string]any{}, Outputs: map[string]any{}, Required: []string{}, Secrets: []string{},
	}
	schema.Range(func(field string, property shim.Schema) bool {
		// An attribute that was removed is kept by the provider only to say so.
		if property.Removed() != "" {
			return true
		}
		called := tfbridge.TerraformToPulumiNameV2(field, schema, fields)
		shape := shapeOf(property, fields[field])
		one.Outputs[called] = shape
		if property.Optional() || property.Required() {
			one.Inputs[called] = shape
		}
		if property.Required() && property.DefaultFunc() == nil && !named(fields[field]) {
			one.Required = append(one.Required, called)
		}
		if property.Sensitive() {
			one.Secrets = append(one.Secrets, called)
		}
		return true
	})
	slices.Sort(one.Required)
	slices.Sort(one.Secrets)
	return one
}

// named tells whether the bridge gives a property a name of its own making where the program gives none.
func named(info *tfbridge.SchemaInfo) bool {
	return info != nil && info.Default != nil
}

func shapeOf(property shim.Schema, info *tfbridge.SchemaInfo) any {
	switch property.Type() {
	case shim.TypeBool:
		return "boolean"
	case shim.TypeInt:
		return "integer"
	case shim.TypeFloat:
		return "number"
	case shim.TypeString:
		return "string"
	case shim.TypeList, shim.TypeSet:
		if tfbridge.IsMaxItemsOne(property, info) {
			return element(property)
		}
		return []any{element(property)}
	case shim.TypeMap:
		return map[string]any{"*": element(property)}
	default:
		return "any"
	}
}

func element(property shim.Schema) any {
	switch elem := property.Elem().(type) {
	case shim.Schema:
		return shapeOf(elem, nil)
	case shim.Resource:
		object := map[string]any{}
		schema := elem.Schema()
		schema.Range(func(field string, nested shim.Schema) bool {
			object[tfbridge.TerraformToPulumiNameV2(field, schema, nil)] = shapeOf(nested, nil)
			return true
		})
		return object
	default:
		return "string"
	}
}
