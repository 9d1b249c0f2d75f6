package graphsim

// failure is a refusal in Graph's words. The words are not contractual
// (Microsoft Graph documentation, "Error responses"): a client that keys on
// them is wrong, so some of them vary from reply to reply.
type failure struct {
	status        int
	code, message string
}

// The texts below are quoted from recorded traffic, GitHub issues and the
// documentation where a source exists. Where none does, the comment says so.
var (
	errEmptyToken = &failure{401, "InvalidAuthenticationToken", "Access token is empty."}
	errDeadToken  = &failure{401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."}

	errMethod       = &failure{405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."}
	errBadEncoding  = &failure{400, "Request_BadRequest", "Bad request. Please fix the request before retrying."}
	errEncodedSlash = &failure{400, "RequestBroker--ParseUri", "Resource not found for the segment 'users'."}
	errDollarKey    = &failure{400, "Request_BadRequest", "The request URI is not valid. Since the segment 'users' refers to a collection, this must be the last segment in the request URI or it must be followed by an function or action that can be bound to it otherwise all intermediate segments must refer to a single resource."}
	errBadLiteral   = &failure{400, "BadRequest", "There is an unterminated string literal in the request."}                                                                              // text invented
	errFilter       = &failure{400, "Request_BadRequest", "Invalid filter clause"}                                                                                                        // code unverified
	errQuery        = &failure{400, "BadRequest", "The query specified in the URI is not valid."}                                                                                         // text unverified
	errCount        = &failure{400, "Request_BadRequest", "$count is not currently supported."}                                                                                           // without ConsistencyLevel
	errCast         = &failure{400, "Request_UnsupportedQuery", "The required parameters might be missing. Try adding $count=true query parameter and ConsistencyLevel:eventual header."} // text after the sample for endsWith
	errMe           = &failure{400, "BadRequest", "/me request is only valid with delegated authentication flow."}
	errNotSimulated = &failure{501, "NotImplemented", "graphsim does not simulate this request."}

	errDenied   = &failure{403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."}
	errNoRevoke = &failure{403, "Authorization_RequestDenied", "Access to invalidate refresh tokens operation is denied."}

	// Refusals of changes, as reported in microsoft-graph-docs#7301, #14827, #16641 and CIPP#4090.
	errOnPremises    = &failure{400, "Request_BadRequest", "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."}
	errMailEnabled   = &failure{400, "Request_BadRequest", "Cannot Update a mail-enabled security groups and or distribution list."}
	errNotWindows    = &failure{400, "Request_BadRequest", "Properties other than ExtendedAttribute1..15 can be modified only on windows devices."}
	errInherited     = &failure{400, "Request_BadRequest", "User license is inherited from a group membership and it cannot be removed directly from the user."}
	errNoLicence     = &failure{400, "Request_BadRequest", "User does not have a corresponding license."}                                                                        // unverified
	errUsage         = &failure{400, "Request_BadRequest", "License assignment cannot be done for user with invalid usage location."}                                            // unverified
	errMemberAlready = &failure{400, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'."}                // unverified
	errWeak          = &failure{400, "Request_BadRequest", "The specified password does not comply with password complexity requirements. Please provide a different password."} // unverified
	errElsewhere     = &failure{400, "Request_BadRequest", "The password of this user is not kept in this tenant."}                                                              // text invented

	errBackend     = &failure{502, "BadGateway", "Failed to execute backend request."}
	errInternal    = &failure{500, "Service_InternalServerError", "Encountered an internal server error."}
	errTimeout     = &failure{504, "GatewayTimeout", "The request timed out."}
	errConcurrency = &failure{409, "Directory_ConcurrencyViolation", "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."}
)

func badBatch(detail string) *failure {
	return &failure{400, "BadRequest", "Invalid batch payload format: " + detail}
}

func unknownSegment(segment string) *failure {
	return &failure{400, "BadRequest", "Resource not found for the segment '" + segment + "'."}
}

func unknownProperty(name, kind string) *failure {
	return &failure{400, "BadRequest", "Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type 'microsoft.graph." + kind + "'."}
}

func notFound(key string) *failure {
	return &failure{404, "Request_ResourceNotFound", "Resource '" + key + "' does not exist or one of its queried reference-property objects are not present."}
}

// Two refusals whose words vary: see [call.varied].
var (
	errThrottled   = &failure{429, "TooManyRequests", "Please retry again later."}
	errUnavailable = &failure{503, "serviceNotAvailable", "The service is temporarily unavailable. Please retry later."}
)

// varied gives one of the bodies that have been seen with a status.
func (c *call) varied(f *failure) *failure {
	switch {
	case f == errThrottled && c.rng.IntN(3) == 0:
		return &failure{429, f.code, "Too many requests from Identifier:" + c.token.app + "+" + c.token.tenant + " under category:throttle.aad.ags. Please try again later."}
	case (f == errThrottled || f == errUnavailable) && c.rng.IntN(2) == 0:
		return &failure{f.status, "UnknownError", ""}
	}
	return f
}

// body is Graph's error object. Graph repeats the request id of the whole call in
// the innerError of every item of a batch (recorded traffic).
func (f *failure) body(c *call) any {
	return object{"error": object{"code": f.code, "message": f.message, "innerError": object{
		"date": c.date.UTC().Format("2006-01-02T15:04:05"), "request-id": c.requestID, "client-request-id": c.clientID,
	}}}
}
