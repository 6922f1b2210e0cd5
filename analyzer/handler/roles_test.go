package handler

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// eachProcedure calls f with every procedure of the API that the analyzer
// serves. MeshService is left out: it is served by what configures the mesh.
func eachProcedure(f func(string, protoreflect.MethodDescriptor)) (n int) {
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "plimsoll.") {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			if service.Name() == "MeshService" {
				continue
			}
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				f("/"+string(service.FullName())+"/"+string(method.Name()), method)
				n++
			}
		}
		return true
	})
	return n
}

func TestEveryProcedureHasARole(t *testing.T) {
	n := eachProcedure(func(procedure string, _ protoreflect.MethodDescriptor) {
		role, ok := roleOf(procedure)
		if !ok || role < RoleViewer {
			t.Errorf("%s has no role: add it to roleOf", procedure)
		}
	})
	if n < 8 {
		t.Errorf("%d procedures were looked at, want all", n)
	}
}

// changing are the methods that do more than answer.
var changing = []protoreflect.Name{"Apply", "Rollback", "ReplayDelivery", "CreateSilence", "EndSilence"}

func TestOnlyOperatorsChangeTheMesh(t *testing.T) {
	eachProcedure(func(procedure string, method protoreflect.MethodDescriptor) {
		role, _ := roleOf(procedure)
		changes := slices.Contains(changing, method.Name())
		if changes != (role == RoleOperator) {
			t.Errorf("%s asks for the role %s", procedure, role)
		}
	})
}

func TestUnknownProcedureHasNoRole(t *testing.T) {
	for _, procedure := range []string{"", "/", "/plimsoll.graph.v1.GraphService/Nothing", "/plimsoll.mesh.v1.MeshService/ApplyTrafficPolicy"} {
		if role, ok := roleOf(procedure); ok || role != RoleNone {
			t.Errorf("%q has the role %s", procedure, role)
		}
	}
}
