package graphsim

import "strconv"

const graphRoot = "https://graph.microsoft.com/"

// revoked is the body of a successful revocation. Its value is always true and
// means nothing (Microsoft Graph known issues).
func revoked(version string) []byte {
	return []byte(`{"@odata.context":"` + graphRoot + version + `/$metadata#Edm.Boolean","value":true}`)
}

// appendContext begins a reply that carries users.
func appendContext(b []byte, version, set, suffix string, fields []string) []byte {
	b = append(b, `{"@odata.context":"`+graphRoot...)
	b = append(b, version...)
	b = append(b, `/$metadata#`...)
	b = append(b, set...)
	for i, f := range fields {
		b = append(b, "(,"[min(i, 1)])
		b = append(b, f...)
	}
	if len(fields) > 0 {
		b = append(b, ')')
	}
	b = append(b, suffix...)
	return append(b, `",`...)
}

func (t *Tenant) entity(c *call, op *operation, rec *record) []byte {
	b := appendContext(nil, c.version, "users", "/$entity", op.query.fields)
	b = rec.appendJSON(b, op.query.fields, c.date, t.cfg.Lag)
	return append(b, '}')
}

func (t *Tenant) collection(c *call, op *operation) []byte {
	switch op.action {
	case actCount:
		// Text in a direct answer; inside a batch it is taken to be a bare
		// number (unverified).
		return strconv.AppendInt(nil, int64(len(t.dir.byID)+t.strangers), 10)
	case actOrganization:
		b := appendContext(nil, c.version, "organization", "", nil)
		b = append(b, `"value":[{"id":`...)
		b = appendString(b, t.cfg.TenantID)
		b = append(b, `,"displayName":"Contoso","verifiedDomains":[{"name":`...)
		b = appendString(b, t.cfg.Domain)
		return append(b, `,"isInitial":true,"isDefault":true}]}]}`...)
	}
	hits := t.dir.filter(op.query.prop, op.query.value)
	b := appendContext(nil, c.version, "users", "", op.query.fields)
	if op.query.count {
		b = append(b, `"@odata.count":`...)
		b = strconv.AppendInt(b, int64(len(hits)), 10)
		b = append(b, ',')
	}
	if op.query.top > 0 && len(hits) > op.query.top {
		hits = hits[:op.query.top]
		b = append(b, `"@odata.nextLink":`...)
		b = appendString(b, c.origin+"/"+c.version+"/users?$skiptoken="+tokenPrefix+strconv.Itoa(op.query.top))
		b = append(b, ',')
	}
	b = append(b, `"value":[`...)
	for i, hit := range hits {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		b = t.dir.records[hit].appendJSON(b, op.query.fields, c.date, t.cfg.Lag)
		b = append(b, '}')
	}
	return append(b, `]}`...)
}
