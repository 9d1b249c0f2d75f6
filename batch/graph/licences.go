package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// atLicences is for a step whose targets are groups that give licences, and the licences
// that a user has by direct assignment.
func atLicences(group, direct build) build {
	return func(c *Client, it batch.Item) (request, error) {
		if it.Target.ID != "" {
			return group(c, it)
		}
		return direct(c, it)
	}
}

// removeLicences takes away the direct licences that the target names, all in one call:
// their service plans may need one another.
func removeLicences(_ *Client, it batch.Item) (request, error) {
	at, licences, err := directLicences(it)
	skus := []string{}
	for _, l := range licences {
		skus = append(skus, l.SKU)
	}
	return assignLicense(at, []addedLicence{}, skus), err
}

// addLicences gives back the direct licences that the target names.
func addLicences(_ *Client, it batch.Item) (request, error) {
	at, licences, err := directLicences(it)
	added := []addedLicence{}
	for _, l := range licences {
		added = append(added, addedLicence{l.SKU, append([]string{}, l.DisabledPlans...)})
	}
	return assignLicense(at, added, []string{}), err
}

// addedLicence is an entry of addLicenses.
type addedLicence struct {
	SKU           string   `json:"skuId"`
	DisabledPlans []string `json:"disabledPlans"`
}

// assignLicense wants both lists, also when one is empty.
func assignLicense(at string, add []addedLicence, remove []string) request {
	return request{method: "POST", url: at + "/assignLicense", body: core.RequestBody{"addLicenses": add, "removeLicenses": remove}}
}

// directLicences addresses the user, and reads which licences the target names.
func directLicences(it batch.Item) (at string, licences []batch.Licence, err error) {
	if at, err = userByID(it); err != nil {
		return "", nil, err
	}
	if err := json.Unmarshal([]byte(it.Target.Before), &licences); err != nil {
		return "", nil, fmt.Errorf("user %d: the licences of the target cannot be read: %w", it.User.Seq, err)
	}
	if len(licences) == 0 {
		return "", nil, fmt.Errorf("user %d: the target names no licences", it.User.Seq)
	}
	for _, l := range licences {
		for _, id := range append([]string{l.SKU}, l.DisabledPlans...) {
			if !batch.IsGUID(id) {
				return "", nil, fmt.Errorf("user %d: the licence or service plan %q is no GUID", it.User.Seq, id)
			}
		}
	}
	return at, licences, nil
}

// showLicencesGone reads whether the user has any of the licences by direct assignment,
// and showLicencesThere whether the user has all of them.
func showLicencesGone(c *Client, it batch.Item) (request, error) {
	return showLicences(it, func(has, of int) bool { return has > 0 })
}

func showLicencesThere(c *Client, it batch.Item) (request, error) {
	return showLicences(it, func(has, of int) bool { return has == of })
}

func showLicences(it batch.Item, there func(has, of int) bool) (request, error) {
	at, licences, err := directLicences(it)
	return request{method: "GET", url: at + "?$select=id,accountEnabled," + licenceStates, read: func(body json.RawMessage, r *batch.Reply) error {
		var b userBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fmt.Errorf("the answer cannot be read: %w", err)
		}
		id, err := idOf(b.ID)
		if err != nil {
			return fmt.Errorf("the answer has %w", err)
		}
		direct, err := b.direct()
		if err != nil {
			return fmt.Errorf("the answer has %w", err)
		}
		r.Shown = &batch.Shown{ID: id}
		r.User = &batch.User{ID: id, Enabled: stateOf(b.Enabled) == batch.StateEnabled, Disabled: stateOf(b.Enabled) == batch.StateDisabled}
		if direct == nil { // not told
			return nil
		}
		has := 0
		for _, l := range licences {
			for _, d := range direct {
				if strings.EqualFold(l.SKU, d.SKU) {
					has++
					break
				}
			}
		}
		if r.Shown.State = batch.StateGone; there(has, len(licences)) {
			r.Shown.State = batch.StateThere
		}
		return nil
	}}, err
}

// licenceState is an entry of licenseAssignmentStates.
type licenceState struct {
	SKU           string   `json:"skuId"`
	ByGroup       *string  `json:"assignedByGroup"`
	DisabledPlans []string `json:"disabledPlans"`
}

// direct are the licences that no group gives, in order and in lower case, so that the
// same licences are always the same words; nil when they were not told.
func (b userBody) direct() ([]batch.Licence, error) {
	if b.Licences == nil {
		return nil, nil
	}
	licences := []batch.Licence{}
	for _, s := range *b.Licences {
		id, err := idOf(s.SKU)
		switch {
		case err != nil:
			return nil, fmt.Errorf("a licence with %w", err)
		case s.ByGroup == nil:
			plans := slices.Clone(s.DisabledPlans)
			for i := range plans {
				plans[i] = strings.ToLower(plans[i])
			}
			slices.Sort(plans)
			licences = append(licences, batch.Licence{SKU: id, DisabledPlans: plans})
		}
	}
	slices.SortFunc(licences, func(a, b batch.Licence) int { return strings.Compare(a.SKU, b.SKU) })
	return licences, nil
}
