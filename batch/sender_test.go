package batch_test

import (
	"testing"

	"offboard/batch"
	"offboard/batch/sendertest"
)

// The stand-in of the runner's tests keeps the contract that Graph's client keeps.
func TestFakeTenantIsASender(t *testing.T) {
	sendertest.Test(t, func(t *testing.T) sendertest.Tenant {
		var users []batch.User
		for i := range batch.ChunkSize + 2 {
			users = append(users, batch.User{Seq: i + 1, ID: "x"})
		}
		sender, writes := batch.NewFakeTenant(t, map[int]int{21: 404, 22: 403})
		return sendertest.Tenant{Sender: sender, Members: users[:20], Missing: users[20], Denied: users[21], Writes: writes}
	})
}
