package job

import (
	"context"
	"errors"
	"testing"

	"offboard/batch"
)

func TestUntilStop(t *testing.T) {
	stop := make(chan struct{})
	ctx, cancel := (&Host{Stop: stop}).untilStop(t.Context())
	defer cancel()
	if ctx.Err() != nil {
		t.Error("it ended before the signal")
	}
	close(stop)
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, batch.ErrStopped) {
		t.Errorf("it ended with %v", cause)
	}
}
