package graph

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Cloud is one of Microsoft's clouds. They share no tenant and no token.
type Cloud struct {
	Name   string   // the word of --cloud; "" of a service that is none of Microsoft's
	Words  string   // for people
	Root   string   // of its Graph, without version; it is the audience of tokens, too
	signIn []string // the hosts of its sign-in service, the usual one first
	issuer string   // the host that a version 1 token names as its issuer; "" where that is not known
}

// clouds are Microsoft's (Microsoft Graph documentation, "National cloud deployments"; for
// the last three the environments that Microsoft Graph PowerShell brings along). The other
// hosts of a sign-in service are those of MSAL's instance discovery. US Government tokens of
// version 1 name the global issuer.
var clouds = []Cloud{
	{"global", "Microsoft's global cloud", "https://graph.microsoft.com", []string{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com"}, "sts.windows.net"},
	{"usgov", "US Government L4, GCC High", "https://graph.microsoft.us", []string{"login.microsoftonline.us", "login.usgovcloudapi.net"}, "sts.windows.net"},
	{"dod", "US Government L5, DoD", "https://dod-graph.microsoft.us", []string{"login.microsoftonline.us", "login.usgovcloudapi.net"}, "sts.windows.net"},
	{"china", "China, operated by 21Vianet", "https://microsoftgraph.chinacloudapi.cn", []string{"login.chinacloudapi.cn", "login.partner.microsoftonline.cn"}, "sts.chinacloudapi.cn"},
	{"bleu", "Bleu, France", "https://graph.svc.sovcloud.fr", []string{"login.sovcloud-identity.fr"}, ""},
	{"delos", "Delos, Germany", "https://graph.svc.sovcloud.de", []string{"login.sovcloud-identity.de"}, ""},
	{"govsg", "Government of Singapore", "https://graph.svc.sovcloud.sg", []string{"login.sovcloud-identity.sg"}, ""},
}

// Clouds are the words of --cloud.
func Clouds() []string {
	var names []string
	for _, c := range clouds {
		names = append(names, c.Name)
	}
	return names
}

// String is the cloud in words, with its name.
func (c Cloud) String() string { return c.Words + ", --cloud " + c.Name }

func (c Cloud) authority() string { return "https://" + c.signIn[0] }

// cloudAt is the cloud of a service root or an audience; zero when it is none of Microsoft's.
func cloudAt(root string) Cloud {
	for _, c := range clouds {
		if c.Root == root {
			return c
		}
	}
	return Cloud{}
}

// NameOf is the name of the cloud that has a service root, or "".
func NameOf(root string) string { return cloudAt(root).Name }

// signingIn are the clouds that a host signs in to, or whose tokens name it as their issuer.
func signingIn(host string) (all []Cloud) {
	for _, c := range clouds {
		if slices.Contains(c.signIn, host) || host != "" && host == c.issuer {
			all = append(all, c)
		}
	}
	return all
}

// named are the clouds as a choice of flags.
func named(some []Cloud) string {
	var words []string
	for _, c := range some {
		words = append(words, "--cloud "+c.Name)
	}
	return strings.Join(words, " or ")
}

// Service is where calls go: the Graph of a cloud, or what stands for it.
type Service struct {
	Root  string // without version
	Cloud Cloud  // whose sign-in service is used; zero when Root is a service of others
}

// Global is Microsoft's global service.
var Global = Service{clouds[0].Root, clouds[0]}

// ServiceOf gives the service that is named by a cloud, a Graph URL, or both; "" is not
// named. Both must lead to one cloud, but a URL on this machine stands for any.
func ServiceOf(cloud, graphURL string) (Service, error) {
	at := slices.IndexFunc(clouds, func(c Cloud) bool { return c.Name == cmp.Or(cloud, "global") })
	if at < 0 {
		return Service{}, fmt.Errorf("--cloud %s: there is no such cloud; the clouds are %s", cloud, strings.Join(Clouds(), ", "))
	}
	s := Service{clouds[at].Root, clouds[at]}
	if graphURL == "" {
		return s, nil
	}
	var err error
	if s.Root, err = ParseRoot(graphURL); err != nil {
		return s, fmt.Errorf("--graph-url: %w", err)
	}
	switch is := cloudAt(s.Root); {
	case Loopback(s.Root):
	case cloud == "":
		s.Cloud = is
	case is.Name != cloud:
		return s, fmt.Errorf("--cloud %s is %s, and --graph-url leads to %s; leave one of them out", cloud, clouds[at].Root, s.Root)
	}
	return s, nil
}

// String is the service root, with its cloud where that is not the global one.
func (s Service) String() string {
	if s.Cloud.Name == "" || s.Cloud.Name == "global" {
		return s.Root
	}
	return s.Root + " (" + s.Cloud.String() + ")"
}

// Where is a service root for people: with its cloud, if that is not the global one.
func Where(root string) string { return Service{root, cloudAt(root)}.String() }

// audience is what tokens are asked for. A service on this machine stands for the cloud's.
func (s Service) audience() string { return cmp.Or(s.Cloud.Root, s.Root) }

// GraphApp is the id of Microsoft Graph itself, an audience in every cloud.
const GraphApp = "00000003-0000-0000-c000-000000000000"

// stranger says in words why the service would refuse a token, and what to do, as far as the
// token says for whom it is and who issued it; "" when nothing speaks against it. A service of
// others than Microsoft takes what it likes, and one on this machine the tokens of its cloud.
func (s Service) stranger(c claims) string {
	audience, said := c.Audience.(string)
	audience = strings.TrimRight(strings.ToLower(audience), "/")
	switch is := cloudAt(audience); {
	case s.Cloud.Name == "", !said:
	case is.Name != "" && is.Name != s.Cloud.Name:
		return fmt.Sprintf("is for %s (%s), and this run is at %s (%s); %s", audience, is.Words, s.Root, s.Cloud.Words, s.remedy(is))
	case is.Name == "" && audience != GraphApp && Microsofts(s.Root):
		return fmt.Sprintf("is for %s, not for Microsoft Graph; get one for %s", audience, s.audience())
	case is.Name == "" && audience == GraphApp:
		issuer, err := url.Parse(c.Issuer)
		if err != nil {
			return ""
		}
		from := signingIn(issuer.Host)
		if len(from) > 0 && !slices.ContainsFunc(from, func(c Cloud) bool { return c.Name == s.Cloud.Name }) {
			return fmt.Sprintf("was issued by %s (%s), and this run is at %s (%s); %s", issuer.Host, from[0].Words, s.Root, s.Cloud.Words, s.remedy(from...))
		}
	}
	return ""
}

// remedy says what to do with a sign-in to other clouds.
func (s Service) remedy(to ...Cloud) string {
	return fmt.Sprintf("sign in to the cloud of this run, or name that of the sign-in: %s", named(to))
}
