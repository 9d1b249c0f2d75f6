package graphsim

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Device is a device as a test sets it up.
type Device struct {
	ID         string // object id, a GUID; empty means one of its own by name
	DeviceID   string // what the device itself goes by; empty means one by name
	Name       string
	System     string // operatingSystem; empty means "Windows"
	Trust      string // trustType: AzureAd (when empty), ServerAd or Workplace
	Enabled    bool
	Synced     bool     // by Active Directory, whose next sync undoes a change
	Restricted bool     // in a restricted unit
	Users      []string // ids or UPNs of the users who registered it
	Owners     []string // ids or UPNs
}

// device is a device of the directory.
type device struct {
	Device
	enabled power
	users   []int32
}

// AddDevice puts a device into the directory. Its users must be there already.
func (t *Tenant) AddDevice(d Device) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := parseGUID(cmp.Or(d.ID, IDFor("device "+d.Name)))
	if !ok {
		return fmt.Errorf("add device %q: the id is no GUID", d.ID)
	}
	d.ID = id
	users, noUser := t.usersOf(d.Users)
	owners, noOwner := t.usersOf(d.Owners)
	if err := errors.Join(noUser, noOwner); err != nil {
		return fmt.Errorf("add device %s: %w", id, err)
	}
	t.addDevice(d, users, owners)
	return nil
}

// usersOf finds users, and makes their things.
func (t *Tenant) usersOf(keys []string) (users []int32, err error) {
	for _, key := range keys {
		i, ok := t.dir.find(key)
		if !ok {
			return nil, fmt.Errorf("no user %q", key)
		}
		t.things(i)
		users = append(users, i)
	}
	return users, nil
}

// addDevice gives a device to users whose things there are.
func (t *Tenant) addDevice(d Device, users, owners []int32) {
	d.DeviceID = cmp.Or(d.DeviceID, IDFor("device id "+d.ID))
	d.System, d.Trust = cmp.Or(d.System, "Windows"), cmp.Or(d.Trust, "AzureAd")
	made := &device{d, newPower(d.Enabled), append(users[:len(users):len(users)], owners...)}
	t.devices[d.ID] = made
	for _, i := range users {
		has := t.dir.entries[i].things
		has.registered = append(has.registered, made)
	}
	for _, i := range owners {
		has := t.dir.entries[i].things
		has.owned = append(has.owned, made)
	}
}

// device finds a device by its object id, which is what a path takes.
func (t *Tenant) device(key string) (*device, bool) {
	key = strings.ToLower(key)
	if t.devices[key] == nil && t.seeds > 0 {
		t.furnishAll()
	}
	d, ok := t.devices[key]
	return d, ok
}

// shownDevice is a device as reads show it now.
type shownDevice struct {
	*Device
	enabled bool
}

// show gives a device as a read shows it.
func (t *Tenant) show(c *call, d *device) shownDevice {
	d.enabled.settle(d.Synced, c.date, &t.cfg)
	return shownDevice{&d.Device, d.enabled.seen(c.date, t.cfg.Lag)}
}

var deviceKind = &properties[shownDevice]{"device", []property[shownDevice]{
	{name: "id", usual: true, value: func(d shownDevice) any { return d.ID }},
	{name: "deviceId", usual: true, value: func(d shownDevice) any { return d.DeviceID }},
	{name: "displayName", usual: true, value: func(d shownDevice) any { return orNull(d.Name) }},
	{name: "accountEnabled", usual: true, value: func(d shownDevice) any { return d.enabled }},
	{name: "operatingSystem", usual: true, value: func(d shownDevice) any { return d.System }},
	{name: "trustType", usual: true, value: func(d shownDevice) any { return d.Trust }},
	{name: "onPremisesSyncEnabled", usual: true, value: func(d shownDevice) any { return orNull(d.Synced) }},
	{name: "isManagementRestricted", value: func(d shownDevice) any { return orNull(d.Restricted) }},
	{name: "profileType", usual: true, value: func(shownDevice) any { return "RegisteredDevice" }},
	{name: "isManaged", usual: true, value: func(shownDevice) any { return nil }},
	{name: "managementType", usual: true, value: func(shownDevice) any { return nil }},
	{name: "approximateLastSignInDateTime", usual: true, value: func(shownDevice) any { return nil }},
}}

func (t *Tenant) readDevice(c *call, op *operation, _ *entry) (any, *failure) {
	d, ok := t.device(op.key)
	if !ok {
		return nil, notFound(op.key)
	}
	o := deviceKind.object(t.show(c, d), op.query.fields)
	o["@odata.context"] = c.context("devices", op.query.fields) + "/$entity"
	return o, nil
}

// listDevices lists what a user registered or owns. An app that may not read devices sees
// their ids and nothing else (Microsoft Graph documentation, "Limited information returned
// for inaccessible member objects").
func (t *Tenant) listDevices(c *call, op *operation, user *entry) (any, *failure) {
	devices := t.thingsOf(user).registered
	if op.action == actOwned {
		devices = t.thingsOf(user).owned
	}
	return t.page(c, op, "directoryObjects", len(devices), func(i int) object {
		o := limited(deviceKind.object(t.show(c, devices[i]), op.query.fields), c.token.may(readDevices), devices[i].ID)
		o["@odata.type"] = "#microsoft.graph.device"
		return o
	}), nil
}

// limited is an object of which the caller may see all, or only the id.
func limited(o object, all bool, id string) object {
	if !all {
		for name := range o {
			o[name] = nil
		}
		o["id"] = id
	}
	return o
}

// updateDevice changes accountEnabled. What an app may not change of devices that do not
// run Windows has been reported often (microsoft-graph-docs#16641, #15707,
// msgraph-sdk-powershell#2066).
func (t *Tenant) updateDevice(c *call, op *operation, _ *entry) (any, *failure) {
	d, ok := t.device(op.key)
	on, isBool := op.body["accountEnabled"].(bool)
	switch {
	case !ok:
		return nil, notFound(op.key)
	case !isBool || len(op.body) != 1: // graphsim takes no other property
		return nil, errBadEncoding
	case d.Restricted:
		return nil, errDenied
	case c.token.user == "" && !strings.EqualFold(d.System, "Windows"):
		return nil, errNotWindows
	}
	if len(d.users) == 0 || !t.frozen(&t.dir.entries[d.users[0]]) {
		d.enabled.settle(d.Synced, c.date, &t.cfg)
		d.enabled.set(on, c.date, t.cfg.Lag)
	}
	return nil, nil
}

// ownerOf is the user of the device that an operation is at, or else the device.
func (t *Tenant) ownerOf(op *operation) string {
	if d, ok := t.device(op.key); ok && len(d.users) > 0 {
		return t.dir.entries[d.users[0]].ID
	}
	return strings.ToLower(op.key)
}

// aboutDevice names the user of a device, the first if there are more.
func aboutDevice(t *Tenant, _ *call, op *operation) about {
	a := about{user: nobody, target: op.key, action: op.action}
	if on, isBool := op.body["accountEnabled"].(bool); isBool && op.method == http.MethodPatch {
		if a.action = actDisableDevice; on {
			a.action = actEnableDevice
		}
	}
	if d, ok := t.device(op.key); ok {
		if a.target = d.ID; len(d.users) > 0 {
			a.user = d.users[0]
		}
	}
	return a
}
