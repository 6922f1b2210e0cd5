package handler

import (
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/v1/plimsollv1connect"
)

// Role is what a token may do. A higher role includes the lower ones.
type Role int

// The roles.
const (
	RoleNone     Role = iota
	RoleViewer        // may read
	RoleOperator      // may change the mesh
)

// String returns the name of the role, as in the token's file name.
func (r Role) String() string {
	switch r {
	case RoleViewer:
		return "viewer"
	case RoleOperator:
		return "operator"
	}
	return "none"
}

// roleOf returns the role that a procedure asks for. A procedure that is not
// listed is served to nobody.
func roleOf(procedure string) (Role, bool) {
	switch procedure {
	case plimsollv1connect.GraphServiceGetGraphProcedure,
		plimsollv1connect.SLOServiceListSLOsProcedure,
		plimsollv1connect.SLOServiceListAlertsProcedure,
		plimsollv1connect.StatusServiceGetStatusProcedure,
		plimsollv1connect.TuneServicePlanProcedure,
		plimsollv1connect.TuneServiceListPlansProcedure:
		return RoleViewer, true
	case plimsollv1connect.TuneServiceApplyProcedure,
		plimsollv1connect.TuneServiceRollbackProcedure:
		return RoleOperator, true
	}
	return RoleNone, false
}
