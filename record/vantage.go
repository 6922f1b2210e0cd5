package record

// Vantage tells which proxy of a call reported it. Rows of different vantages
// describe the same traffic and are never added up.
type Vantage uint8

// The vantages. The numbers are stored (Enum8) and never change.
const (
	VantageUnknown  Vantage = 0
	VantageClient   Vantage = 1 // the caller's sidecar: logical requests
	VantageServer   Vantage = 2 // the callee's sidecar: arrivals, one per try
	VantageGateway  Vantage = 3
	VantageL4Client Vantage = 4
	VantageL4Server Vantage = 5
	VantageNode     Vantage = 6
)

var vantageNames = [...]string{"unknown", "client", "server", "gateway", "l4_client", "l4_server", "node"}

// String returns the name used in tables and answers, such as "client".
func (v Vantage) String() string { return enumName(vantageNames[:], uint8(v)) }

// VantageNames lists the names in the order of their numbers.
func VantageNames() []string { return append([]string(nil), vantageNames[:]...) }

// enumName returns names[n], or "unknown" for a number without a name.
func enumName(names []string, n uint8) string {
	if int(n) < len(names) {
		return names[n]
	}
	return "unknown"
}
