// Package envoytest gives tests a real Envoy and a mesh to configure it with.
//
// The binary is PLIMSOLL_ENVOY, or .cache/tools/envoy below the module's root.
// Where it is missing a test is skipped, or fails if PLIMSOLL_REQUIRE_TOOLS is
// set.
package envoytest
