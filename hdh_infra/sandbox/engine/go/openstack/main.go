// Command pulumi-resource-openstack serves the Terraform OpenStack provider to the Pulumi engine, under the type
// tokens of Pulumi's own OpenStack package. Which Terraform name serves which token is data: tokens.json.
//
// With the flag -tables it prints what it serves, and what it could serve, instead: see tables.go.
package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-provider-openstack/terraform-provider-openstack/v3/openstack"
)

const (
	name    = "openstack"
	version = "5.5.3"
	// olderMark is appended to a Terraform name once for each earlier token under which the package still has it:
	// the bridge wants one Terraform name for each token.
	olderMark = "_older"
)

//go:embed tokens.json
var document []byte

// mapping is tokens.json: Terraform name to tokens, and the properties whose name does not follow the bridge's rules.
type mapping struct {
	Resources   map[string][]string          `json:"resources"`
	DataSources map[string][]string          `json:"dataSources"`
	Fields      map[string]map[string]string `json:"fields"`
}

func readMapping() (mapping, error) {
	var m mapping
	decoder := json.NewDecoder(strings.NewReader(string(document)))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&m)
	return m, err
}

// schemaInfo is what the bridge must know of a resource's or data source's properties.
func (m mapping) schemaInfo(terraform string) map[string]*tfbridge.SchemaInfo {
	renamed := map[string]*tfbridge.SchemaInfo{}
	for field, property := range m.Fields[terraform] {
		renamed[field] = &tfbridge.SchemaInfo{Name: property}
	}
	return renamed
}

// provider joins the mapping and the Terraform provider; what has no token is not served.
func provider(m mapping) (tfbridge.ProviderInfo, error) {
	p := openstack.Provider()
	info := tfbridge.ProviderInfo{
		Name: name, Version: version,
		Resources:   map[string]*tfbridge.ResourceInfo{},
		DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	for terraform, served := range m.Resources {
		resource, ok := p.ResourcesMap[terraform]
		if !ok {
			return info, fmt.Errorf("tokens.json: the Terraform provider has no resource %s", terraform)
		}
		for i, token := range served {
			key := terraform + strings.Repeat(olderMark, i)
			p.ResourcesMap[key] = resource
			info.Resources[key] = &tfbridge.ResourceInfo{Tok: tokens.Type(token), Fields: m.schemaInfo(terraform)}
		}
	}
	for terraform, served := range m.DataSources {
		source, ok := p.DataSourcesMap[terraform]
		if !ok {
			return info, fmt.Errorf("tokens.json: the Terraform provider has no data source %s", terraform)
		}
		for i, token := range served {
			key := terraform + strings.Repeat(olderMark, i)
			p.DataSourcesMap[key] = source
			info.DataSources[key] = &tfbridge.DataSourceInfo{
				Tok: tokens.ModuleMember(token), Fields: m.schemaInfo(terraform),
			}
		}
	}
	for key := range p.ResourcesMap {
		if _, ok := info.Resources[key]; !ok {
			delete(p.ResourcesMap, key)
		}
	}
	for key := range p.DataSourcesMap {
		if _, ok := info.DataSources[key]; !ok {
			delete(p.DataSourcesMap, key)
		}
	}
	info.P = shimv2.NewProvider(p)
	info.SetAutonaming(255, "-")
	return info, nil
}

func run() error {
	m, err := readMapping()
	if err != nil {
		return fmt.Errorf("tokens.json: %w", err)
	}
	info, err := provider(m)
	if slices.Contains(os.Args[1:], "-tables") {
		// A mapping that no longer fits is repaired with this output, so it is given for such a one too.
		return printTables(m, info)
	}
	if err != nil {
		return err
	}
	tfbridge.Main(name, version, info, []byte(`{"name":"`+name+`","version":"`+version+`"}`))
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
