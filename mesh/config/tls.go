package config

import (
	"strings"

	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

func (r *policyReader) tls(in *networkingv1.ClientTLSSettings, at string) *model.ClientTLS {
	out := &model.ClientTLS{
		Mode: model.TLSMode(in.GetMode().String()), SNI: in.GetSni(), SubjectAltNames: in.GetSubjectAltNames(),
		Certificate: in.GetClientCertificate(), PrivateKey: in.GetPrivateKey(), CACertificates: in.GetCaCertificates(),
		SkipVerify: in.GetInsecureSkipVerify().GetValue(),
	}
	files := out.Certificate + out.PrivateKey + out.CACertificates
	switch out.Mode {
	case model.TLSMutual:
		if out.Certificate == "" {
			r.bad(at+".clientCertificate", "must be set for MUTUAL")
		}
		if out.PrivateKey == "" {
			r.bad(at+".privateKey", "must be set for MUTUAL")
		}
	case model.TLSSimple:
		if out.Certificate+out.PrivateKey != "" {
			r.bad(at, "SIMPLE sends no certificate; write MUTUAL, or leave clientCertificate and privateKey out")
		}
	case model.TLSIstioMutual:
		if files != "" {
			r.bad(at, "ISTIO_MUTUAL has the mesh's own certificates; leave clientCertificate, privateKey and caCertificates out")
		}
		if out.SkipVerify {
			r.bad(at+".insecureSkipVerify", "excludes ISTIO_MUTUAL, which is there to verify")
		}
	case model.TLSDisable:
		if files+out.SNI != "" || len(out.SubjectAltNames) > 0 {
			r.bad(at, "DISABLE takes no other setting")
		}
	default:
		r.bad(at+".mode", "%s is no mode of TLS", out.Mode)
	}
	if out.SNI != "" && !dnsName.MatchString(strings.ToLower(out.SNI)) {
		r.bad(at+".sni", "%q is no name of a host", out.SNI)
	}
	for _, path := range []string{out.Certificate, out.PrivateKey, out.CACertificates} {
		if path != "" && !strings.HasPrefix(path, "/") {
			r.bad(at, "%q is no absolute path; the proxy's working directory is not yours", path)
		}
	}
	return out
}
