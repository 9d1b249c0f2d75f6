// Package notify tells a webhook how a run ended: counts and the run's name, and no names
// of people. It knows the formats of Teams and Slack.
//
//	address.go  the address, which is a secret
//	format.go   what is sent
//	post.go     how it is sent
package notify
