package graph

import "offboard/batch"

// build makes the request of a step for one item. An error means that it must not be sent.
type build func(*Client, batch.Item) (request, error)

// stepCall says how Graph is asked for a step. What the step is stands in package batch.
type stepCall struct {
	write build
	show  build // reads back what the step changes
	list  build // reads a page of what the step is at; nil where nothing is listed
	beta  bool  // writes and shows in beta, and not in v1.0

	fields   []string // what a lookup reads of a user besides, when the step is to come
	need     Need     // to write
	needList Need     // to list; see also NeedShow
}

// stepCalls has a row for each step.
var stepCalls = map[batch.Step]stepCall{
	batch.Disable:       {write: account(false), show: showAccount, fields: []string{restricted, onPremises}, need: needAccount, needList: NeedRead},
	batch.Enable:        {write: account(true), show: showAccount, fields: []string{restricted, onPremises}, need: needAccount, needList: NeedRead},
	batch.Password:      {write: newPassword, show: showPassword, fields: []string{restricted, onPremises, passwordSet}, need: needPassword, needList: NeedRead},
	batch.Revoke:        {write: revoke, show: showStamp, need: needRevoke, needList: NeedRead},
	batch.Invalidate:    {write: invalidate, show: showStamps, beta: true, need: needInvalidate, needList: NeedRead},
	batch.Devices:       {write: device(false), show: showDevice, list: listDevices, fields: []string{onPremises}, need: needDevices, needList: needListDevices},
	batch.EnableDevices: {write: device(true), show: showDevice, list: listDevices, fields: []string{onPremises}, need: needDevices, needList: needListDevices},
	batch.Groups:        {write: leaveGroup, show: showMembership, list: listGroups, fields: []string{onPremises}, need: needGroups, needList: needListGroups},
	batch.JoinGroups:    {write: joinGroup, show: showMembership, list: listGroups, need: needGroups, needList: needListGroups},
	batch.Licences: {write: atLicences(leaveGroup, removeLicences), show: atLicences(showMembership, showLicencesGone),
		fields: []string{restricted, onPremises, licenceStates}, need: needLicences, needList: needListGroups},
	batch.AddLicences: {write: atLicences(joinGroup, addLicences), show: atLicences(showMembership, showLicencesThere),
		fields: []string{restricted, licenceStates}, need: needLicences, needList: needListGroups},
}

// The properties of a user that some steps are planned by.
const (
	restricted    = "isManagementRestricted"
	onPremises    = "onPremisesSamAccountName,onPremisesDomainName"
	passwordSet   = "lastPasswordChangeDateTime"
	licenceStates = "licenseAssignmentStates"
)
