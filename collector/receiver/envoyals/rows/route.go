package rows

import "github.com/plimsoll-mesh/plimsoll/collector/receiver/envoyals/wire"

// Other is the route, and the caller, of all that is beyond the caps.
const Other = "~other"

// methods are the names of envoy.config.core.v3.RequestMethod.
var methods = [...]string{"", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// methodName returns the name of a method, "" for one that Envoy has no number
// for.
func methodName(m wire.Method) string {
	if m < 0 || int(m) >= len(methods) {
		return ""
	}
	return methods[m]
}

// routeName returns the configured name of a route, else method and
// "~unnamed": never a path, which the client would choose.
func routeName(configured string, m wire.Method) string {
	switch name := methodName(m); {
	case configured != "":
		return configured
	case name != "":
		return name + " ~unnamed"
	}
	return "~unnamed"
}
