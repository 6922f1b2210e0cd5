package filexds

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxAdminAnswer bounds what is read of one answer.
const maxAdminAnswer = 16 << 20

// admin asks a proxy's admin interface what it has.
type admin struct{ client *http.Client }

func newAdmin(socket string) *admin {
	return &admin{client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}}
}

// get decodes the JSON answer at path into out.
func (a *admin) get(ctx context.Context, path string, query url.Values, out any) error {
	at := url.URL{Scheme: "http", Host: "admin", Path: path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return fmt.Errorf("asking the proxy for %s: %w", path, err)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the proxy for %s: %w", path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAdminAnswer))
	if err != nil {
		return fmt.Errorf("reading the proxy's %s: %w", path, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the proxy for %s: status %d", path, response.StatusCode)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("reading the proxy's %s: %w", path, err)
	}
	return nil
}

// runtimeValue returns a key's value in force, "" if no layer has it.
func (a *admin) runtimeValue(ctx context.Context, key string) (string, error) {
	var answer struct {
		Entries map[string]struct {
			Final string `json:"final_value"`
		} `json:"entries"`
	}
	err := a.get(ctx, "/runtime", nil, &answer)
	return answer.Entries[key].Final, err
}

// routeVersions returns the version of each route configuration by its name.
func (a *admin) routeVersions(ctx context.Context) (map[string]string, error) {
	var answer struct {
		Configs []struct {
			Version string `json:"version_info"`
			Config  struct {
				Name string `json:"name"`
			} `json:"route_config"`
		} `json:"configs"`
	}
	if err := a.get(ctx, "/config_dump", url.Values{"resource": {"dynamic_route_configs"}}, &answer); err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for _, c := range answer.Configs {
		versions[c.Config.Name] = c.Version
	}
	return versions, nil
}

// refused returns how many updates the proxy has refused: runtime layers or
// route configurations, by the pattern of the counters' names.
func (a *admin) refused(ctx context.Context, pattern string) (uint64, error) {
	var answer struct {
		Stats []struct {
			Name  string `json:"name"`
			Value uint64 `json:"value"`
		} `json:"stats"`
	}
	err := a.get(ctx, "/stats", url.Values{"format": {"json"}, "filter": {pattern}}, &answer)
	total := uint64(0)
	for _, s := range answer.Stats {
		total += s.Value
	}
	return total, err
}
