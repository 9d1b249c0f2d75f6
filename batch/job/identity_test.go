package job

import (
	"errors"
	"testing"

	"offboard/batch"
)

// The tenant's name is not asked for after a stop, which may come with the token.
func TestStopBeforeTheTenantsName(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	c := &Host{Stop: stop}
	if _, err := c.organization(t.Context(), app{}); !errors.Is(err, batch.ErrStopped) { // without a client to ask
		t.Errorf("got error %v, want ErrStopped", err)
	}
}
