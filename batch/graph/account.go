package graph

import (
	"encoding/json"
	"fmt"
	"strings"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// account changes whether an account may sign in, and nothing else of it.
func account(enabled bool) build {
	return func(_ *Client, it batch.Item) (request, error) {
		at, err := userByID(it)
		return request{method: "PATCH", url: at, body: core.RequestBody{"accountEnabled": enabled}}, err
	}
}

func showAccount(_ *Client, it batch.Item) (request, error) {
	at, err := userByID(it)
	return request{method: "GET", url: at + "?$select=id,accountEnabled", read: readState}, err
}

// readState reads whether a user or device is enabled.
func readState(body json.RawMessage, r *batch.Reply) error {
	var b struct {
		ID      string `json:"id"`
		Enabled *bool  `json:"accountEnabled"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	id, err := idOf(b.ID)
	if err != nil {
		return fmt.Errorf("the answer has %w", err)
	}
	r.Shown = &batch.Shown{ID: id, State: stateOf(b.Enabled)}
	return nil
}

// stateOf is accountEnabled in words; "" where it was not told.
func stateOf(enabled *bool) string {
	switch {
	case enabled == nil:
		return ""
	case *enabled:
		return batch.StateEnabled
	}
	return batch.StateDisabled
}

// shownUser is what an answer shows of the item's own user, whom it does not name.
func shownUser(it batch.Item, state string) *batch.Shown {
	return &batch.Shown{ID: strings.ToLower(it.User.ID), State: state}
}
