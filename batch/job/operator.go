package job

import (
	"os"
	"os/user"
)

// operator is who runs this process, as the operating system names them, and on which
// machine. What is not known is "".
func operator() (osUser, host string) {
	if u, err := user.Current(); err == nil {
		osUser = u.Username
	}
	host, _ = os.Hostname()
	return osUser, host
}

// session says in words who carries the run out.
func (j *job) session() string {
	by := j.caller
	if by == "" {
		by = "as " + j.tenant.identity().String()
	}
	osUser, host := operator()
	by += "; " + osUser + " on " + host
	if j.approvers != "" {
		by += "; " + j.approvers
	}
	return by
}
