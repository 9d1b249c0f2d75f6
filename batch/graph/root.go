package graph

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// ParseRoot takes a service root as people write it, with or without a version,
// and returns it without. Plain http is for loopback addresses only: a token
// must not travel in the clear.
func ParseRoot(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil {
		return "", fmt.Errorf("parse Graph URL: %w", err)
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && u.Scheme != "http", host == "":
		return "", fmt.Errorf("the Graph URL %q is no https URL; give one such as https://graph.microsoft.com/v1.0", s)
	case u.Scheme == "http" && !loopback(host):
		return "", fmt.Errorf("the Graph URL %q uses http, which would send the access token in the clear; use https (http is for loopback addresses only)", s)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", fmt.Errorf("the Graph URL %q must hold no user, query or fragment", s)
	}
	root := strings.TrimRight(u.Scheme+"://"+u.Host+u.Path, "/")
	root = strings.TrimSuffix(strings.TrimSuffix(root, "/v1.0"), "/beta")
	return root, nil
}

// clouds are the hosts of Microsoft Graph, with the authority that signs in to
// each (Microsoft Graph documentation, "National cloud deployments"; for the last
// three the environments that Microsoft Graph PowerShell brings along).
var clouds = map[string]string{
	"graph.microsoft.com":             "https://login.microsoftonline.com",
	"graph.microsoft.us":              "https://login.microsoftonline.us",
	"dod-graph.microsoft.us":          "https://login.microsoftonline.us",
	"microsoftgraph.chinacloudapi.cn": "https://login.chinacloudapi.cn",
	"graph.svc.sovcloud.fr":           "https://login.sovcloud-identity.fr",
	"graph.svc.sovcloud.de":           "https://login.sovcloud-identity.de",
	"graph.svc.sovcloud.sg":           "https://login.sovcloud-identity.sg",
}

const globalHost = "graph.microsoft.com"

// Microsofts reports whether a service root is one of Microsoft's own. A root
// that stands in a file is used only then: the access token goes where it leads.
func Microsofts(root string) bool {
	u, err := url.Parse(root)
	return err == nil && u.Scheme == "https" && u.Path == "" && u.User == nil && clouds[u.Host] != ""
}

// Loopback reports whether a service root is on this machine.
func Loopback(root string) bool {
	u, err := url.Parse(root)
	return err == nil && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// audience is what tokens for a root are asked for. A service on this machine
// stands for Graph, which is what the authority knows.
func audience(root string) string {
	if Loopback(root) {
		return "https://" + globalHost
	}
	return root
}
