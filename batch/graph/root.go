package graph

import (
	"errors"
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
	if err != nil { // which quotes it, and it may hold a password
		return "", errors.New("the Graph URL is none; give one such as https://graph.microsoft.com/v1.0")
	}
	host := u.Hostname()
	s, _, _ = strings.Cut(s, "?")
	if at := strings.LastIndex(s, "@"); at >= 0 {
		s = "..." + s[at:]
	}
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

// Microsofts reports whether a service root is one of Microsoft's own. A root
// that stands in a file is used only then: the access token goes where it leads.
func Microsofts(root string) bool { return NameOf(root) != "" }

// Loopback reports whether a service root is on this machine.
func Loopback(root string) bool {
	u, err := url.Parse(root)
	return err == nil && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
