package vocab

import (
	"testing"

	"offboard/batch"
)

func TestRecognise(t *testing.T) {
	for in, want := range map[string]batch.Key{
		"id": batch.ByID, "ID": batch.ByID, " Id ": batch.ByID, "\ufeffid": batch.ByID, "i\u200bd": batch.ByID,
		"objectId": batch.ByID, "Object ID": batch.ByID, "object_id": batch.ByID, "object-id": batch.ByID, "Object\u00a0Id": batch.ByID,
		"userId": batch.ByID, "User ID": batch.ByID, "user_id": batch.ByID,
		"azureAdObjectId": batch.ByID, "AAD Object ID": batch.ByID, "Entra object id": batch.ByID,
		"ID [objectId] Required": batch.ByID,

		"userPrincipalName": batch.ByUPN, "USERPRINCIPALNAME": batch.ByUPN, "User principal name": batch.ByUPN, "user_principal_name": batch.ByUPN,
		"UPN": batch.ByUPN, "U.P.N.": batch.ByUPN, "User name": batch.ByUPN, "Username": batch.ByUPN, "Sign-in name": batch.ByUPN,
		"User name [userPrincipalName] Required":                      batch.ByUPN,
		"User name (example: chris@contoso.com) [userPrincipalName]*": batch.ByUPN,
		"[userPrincipalName]":                                         batch.ByUPN,
		"Benutzername [userPrincipalName] Erforderlich":               batch.ByUPN,

		"Member object ID or user principal name [memberObjectIdOrUpn] Required": IDOrUPN,

		"": "", "User": "", "Name": "", "displayName": "",
		"mail": batch.ByMail, "EmailAddress": batch.ByMail, "employeeId": batch.ByEmployeeID, "Employee ID": batch.ByEmployeeID, "Request ID": "", "Resource ID ": "", "Correlation ID": "",
		"Manager": "", "Manager UPN": "", "managerId": "", "Manager user name": "",
		"HR": "", "HR partner UPN": "", "Personal e-mail": "",
		"Manager [userPrincipalName]": "", "HR Partner [objectId]": "", "Previous user name [userPrincipalName]": "",
		"UPN of manager": "", "onPremisesUserPrincipalName": batch.ByOnPremisesUPN, "UPN (old)": "",
		"User name [displayName] Required": "", "Service principal ID": "",
		"us\u0435rprincipalname": "", "\uff35\uff30\uff2e": "",
	} {
		if got := Recognise(in).Known; got != want {
			t.Errorf("recognise(%q) = %v, want %v", in, got, want)
		}
	}
}

func TestProperty(t *testing.T) {
	for in, want := range map[string]string{
		"User name [userPrincipalName] Required": "userPrincipalName",
		"a [b] c [d]":                            "d",
		"a":                                      "", "[": "", "]": "", "][": "", "[]": "",
		"a [b c]": "", "a [b-c]": "", "a [é]": "", "a [b": "",
	} {
		if got := Property(in); got != want {
			t.Errorf("property(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMayMean(t *testing.T) {
	for header, want := range map[string]bool{
		"Leaver UPN": true, "leaver.upn": true, "leaver_upn": true, "LeaverUPN": true, "leaverUpn": true, "UPN to revoke": true, "UPN (Leaver)": true, "退職者UPN": true,
		"LeaverUserPrincipalName": true, "User to disable": true, "Affected user": true, "Employee": true, "Which employee is leaving? (e-mail)": true,
		"Group name": false, "GROUPNAME": false, "User group name": false, "Startup number": false, "Manager UPN": false, "Requester UPN": false, "Old UPN": false, "AD UPN": false,
		"Employee type": false, "Department": false, "": false,
	} {
		if got := MayMean(header); got != want {
			t.Errorf("MayMean(%q) = %v", header, got)
		}
	}
}
