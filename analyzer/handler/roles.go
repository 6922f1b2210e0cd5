package handler

import (
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1/alertv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/gate/v1/gatev1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/graph/v1/graphv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/observe/v1/observev1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/slo/v1/slov1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/status/v1/statusv1connect"
	"github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/tune/v1/tunev1connect"
)

// Role is what a token may do. A higher role includes the lower ones.
type Role int

// The roles.
const (
	RoleNone     Role = iota
	RoleViewer        // may read
	RoleOperator      // may change the mesh, and what is told of it
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
	case gatev1connect.GateServiceCheckProcedure,
		observev1connect.ObserveServiceObserveProcedure,
		observev1connect.ObserveServiceOpenRequestProcedure,
		graphv1connect.GraphServiceGetGraphProcedure,
		graphv1connect.GraphServiceDiffGraphsProcedure,
		slov1connect.SLOServiceListSLOsProcedure,
		alertv1connect.AlertServiceListAlertsProcedure,
		alertv1connect.AlertServiceListDeliveriesProcedure,
		alertv1connect.AlertServiceListSilencesProcedure,
		statusv1connect.StatusServiceGetStatusProcedure,
		statusv1connect.StatusServiceGetStoreReportProcedure,
		statusv1connect.StatusServiceListProxyAccountsProcedure,
		statusv1connect.StatusServiceListCollectorsProcedure,
		statusv1connect.StatusServiceVerifyBlocksProcedure,
		statusv1connect.StatusServiceVerifyStoreProcedure,
		tunev1connect.TuneServicePlanProcedure,
		tunev1connect.TuneServiceListPlansProcedure:
		return RoleViewer, true
	case alertv1connect.AlertServiceReplayDeliveryProcedure,
		alertv1connect.AlertServiceCreateSilenceProcedure,
		alertv1connect.AlertServiceEndSilenceProcedure,
		tunev1connect.TuneServiceApplyProcedure,
		tunev1connect.TuneServiceRollbackProcedure:
		return RoleOperator, true
	}
	return RoleNone, false
}
