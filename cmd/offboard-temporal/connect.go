package main

import (
	"fmt"
	"net"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"

	"offboard/batch/job"
)

// dial connects to the server that Temporal's own variables, or its configuration file, name. Without
// TLS it goes no farther than this machine: who can send to the server can start a containment.
func (c *command) dial() (client.Client, error) {
	o, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("%w: the way to Temporal: %w", job.ErrUsage, err)
	}
	if o.HostPort == "" {
		o.HostPort = client.DefaultHostPort
	}
	host, _, err := net.SplitHostPort(o.HostPort)
	if err != nil {
		return nil, fmt.Errorf("%w: TEMPORAL_ADDRESS %q is no host:port", job.ErrUsage, o.HostPort)
	}
	if ip := net.ParseIP(host); o.ConnectionOptions.TLS == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%w: %s is another machine, and without TLS anybody on the way could start a containment; set TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH and TEMPORAL_TLS_SERVER_CA_CERT_PATH", job.ErrRefused, o.HostPort)
	}
	o.Logger = log.NewStructuredLogger(c.log)
	o.Identity = "offboard-temporal" // histories need not know whose machine it is
	if name, err := os.Hostname(); err == nil {
		o.Identity = fmt.Sprintf("%s-%d", hashed(name), os.Getpid())
	}
	client, err := client.Dial(o)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", o.HostPort, err)
	}
	return client, nil
}
