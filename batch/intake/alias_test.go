package intake

import "testing"

func TestKindOf(t *testing.T) {
	for in, want := range map[string]kind{
		"id": idKind, "ID": idKind, " Id ": idKind, "\ufeffid": idKind, "i\u200bd": idKind,
		"objectId": idKind, "Object ID": idKind, "object_id": idKind, "object-id": idKind, "Object\u00a0Id": idKind,
		"userId": idKind, "User ID": idKind, "user_id": idKind,
		"azureAdObjectId": idKind, "AAD Object ID": idKind, "Entra object id": idKind,
		"ID [objectId] Required": idKind,

		"userPrincipalName": upnKind, "USERPRINCIPALNAME": upnKind, "User principal name": upnKind, "user_principal_name": upnKind,
		"UPN": upnKind, "U.P.N.": upnKind, "User name": upnKind, "Username": upnKind, "Sign-in name": upnKind,
		"User name [userPrincipalName] Required":                      upnKind,
		"User name (example: chris@contoso.com) [userPrincipalName]*": upnKind,
		"[userPrincipalName]":                                         upnKind,
		"Benutzername [userPrincipalName] Erforderlich":               upnKind,

		"Member object ID or user principal name [memberObjectIdOrUpn] Required": eitherKind,

		"": noKind, "User": noKind, "Name": noKind, "displayName": noKind, "mail": noKind, "EmailAddress": noKind,
		"employeeId": noKind, "Employee ID": noKind, "Request ID": noKind, "Resource ID ": noKind, "Correlation ID": noKind,
		"Manager": noKind, "Manager UPN": noKind, "managerId": noKind, "Manager user name": noKind,
		"HR": noKind, "HR partner UPN": noKind, "Personal e-mail": noKind,
		"Manager [userPrincipalName]": noKind, "HR Partner [objectId]": noKind, "Previous user name [userPrincipalName]": noKind,
		"UPN of manager": noKind, "onPremisesUserPrincipalName": noKind, "UPN (old)": noKind,
		"User name [displayName] Required": noKind, "Service principal ID": noKind,
		"us\u0435rprincipalname": noKind, "\uff35\uff30\uff2e": noKind,
	} {
		if got := kindOf(in); got != want {
			t.Errorf("kindOf(%q) = %v, want %v", in, got, want)
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
		if got := property(in); got != want {
			t.Errorf("property(%q) = %q, want %q", in, got, want)
		}
	}
}
