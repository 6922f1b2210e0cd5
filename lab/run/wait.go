package run

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/process"
)

// startTimeout bounds how long a child may take until it serves.
const startTimeout = 60 * time.Second

// waitFor asks ready again and again until it is nil. It ends early if the
// child dies or the context ends.
func waitFor(ctx context.Context, p *process.Process, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		if last = ready(ctx); last == nil {
			return nil
		}
		select {
		case <-p.Done():
			if err := p.Err(); err != nil {
				return err
			}
			return fmt.Errorf("%s was stopped while it started", p.Name())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; last: %w", p.Name(), context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// answers returns a readiness check by HTTP.
func answers(url string) func(context.Context) error {
	client := &http.Client{Timeout: 2 * time.Second}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, resp.Status)
		}
		return nil
	}
}
