package graph

import (
	"encoding/json"
	"fmt"
	"strings"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// device changes whether a device may sign in, and nothing else of it. Its path takes
// the object id, and not the id that the device has of itself.
func device(enabled bool) build {
	return func(_ *Client, it batch.Item) (request, error) {
		id, err := targetID(it)
		return request{method: "PATCH", url: "/devices/" + id, body: core.RequestBody{"accountEnabled": enabled}}, err
	}
}

// showDevice reads a device back. One that is no more can be used by nobody.
func showDevice(_ *Client, it batch.Item) (request, error) {
	id, err := targetID(it)
	return request{
		method: "GET", url: "/devices/" + id + "?$select=id,accountEnabled", read: readState,
		absent: &batch.Shown{ID: strings.ToLower(id), State: batch.StateGone},
	}, err
}

// The devices that a user has registered are listed first, then those that the user owns.
// Both mostly are the same.
const (
	registeredDevices = "registeredDevices"
	ownedDevices      = "ownedDevices"
	deviceFields      = "?$select=id,deviceId,displayName,accountEnabled,operatingSystem,trustType,onPremisesSyncEnabled,isManagementRestricted&$top=999"
)

// listDevices lists a user's devices.
func listDevices(c *Client, it batch.Item) (request, error) {
	at, err := ownerByID(it)
	if err != nil {
		return request{}, err
	}
	url, list := at+"/"+registeredDevices+deviceFields, registeredDevices
	if it.Target.ID != "" {
		if url, list, err = c.ofUser(it.User, it.Target.ID, registeredDevices, ownedDevices); err != nil {
			return request{}, err
		}
	}
	return request{method: "GET", url: url, read: func(body json.RawMessage, r *batch.Reply) error {
		devices, more, err := c.readPage(it.User, body, url, list)
		if err != nil {
			return err
		}
		for _, raw := range devices {
			if err := addDevice(r, it.Step, list == registeredDevices, raw); err != nil {
				return err
			}
		}
		if r.More = more; more == "" && list == registeredDevices {
			r.More = c.v1URL + at + "/" + ownedDevices + deviceFields
		}
		return nil
	}}, nil
}

// addDevice adds what a list says of a device; one of the list of registered devices is
// owned only if the other list has it, too. Where the app may not read devices, only
// the id is told.
func addDevice(r *batch.Reply, s batch.Step, registered bool, raw json.RawMessage) error {
	var b struct {
		Type       string `json:"@odata.type"`
		ID         string `json:"id"`
		Name       string `json:"displayName"`
		Enabled    *bool  `json:"accountEnabled"`
		System     string `json:"operatingSystem"`
		Trust      string `json:"trustType"`
		Synced     bool   `json:"onPremisesSyncEnabled"`
		Restricted bool   `json:"isManagementRestricted"`
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return fmt.Errorf("a device of the list cannot be read: %w", err)
	}
	id, err := idOf(b.ID)
	switch {
	case b.Type != "" && b.Type != "#microsoft.graph.device":
		return nil
	case err != nil:
		return fmt.Errorf("a device of the list has %w", err)
	}
	r.Targets = append(r.Targets, batch.Target{
		Step: s, ID: id, Name: b.Name, Kind: b.System, Before: stateOf(b.Enabled),
		RegisteredOnly: registered,
		OnPremises:     b.Synced || strings.EqualFold(b.Trust, "ServerAd"), Restricted: b.Restricted,
	})
	return nil
}
