package envoyconf

import (
	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	filelogv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/file/v3"
)

// fileLog writes rows as JSON lines, a second witness beside the stream. Keys
// are those of the stream's rows; durations named _us are microseconds, which
// %DURATION% (milliseconds) could not give.
func (b *builder) fileLog(name string, d direction) *accesslogv3.AccessLog {
	path := RequestLogFile(b.options.AccessLogFile)
	if name == TryLog {
		path = TryLogFile(b.options.AccessLogFile)
	}
	fields := map[string]string{
		"log":           name,
		"type":          "%ACCESS_LOG_TYPE%",
		"direction":     string(d),
		"start":         "%START_TIME(%s.%6f)%",
		"duration_us":   "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
		"duration_ms":   "%DURATION%",
		"first_byte_us": "%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%",
		"method":        "%REQ(:METHOD)%",
		"path":          "%PATH(NQ)%",
		"protocol":      "%PROTOCOL%",
		"code":          "%RESPONSE_CODE%",
		"flags":         "%RESPONSE_FLAGS%",
		"details":       "%RESPONSE_CODE_DETAILS%",
		"failure":       "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
		"route":         "%ROUTE_NAME%",
		"cluster":       "%UPSTREAM_CLUSTER_RAW%",
		"upstream":      "%UPSTREAM_REMOTE_ADDRESS%",
		"attempts":      "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
		"attempt":       "%REQ(X-ENVOY-ATTEMPT-COUNT)%",
		"call":          "%REQ(X-MESH-CALL)%",
		"peer":          "%REQ(X-MESH-PEER)%",
		"request_id":    "%REQ(X-REQUEST-ID)%",
		"dst_service":   "%METADATA(ROUTE:" + MetadataKey + ":service)%",
		"dst_workload":  "%METADATA(UPSTREAM_HOST:" + MetadataKey + ":workload)%",
	}
	config := &filelogv3.FileAccessLog{
		Path: path,
		AccessLogFormat: &filelogv3.FileAccessLog_LogFormat{LogFormat: &corev3.SubstitutionFormatString{
			Format: &corev3.SubstitutionFormatString_JsonFormat{JsonFormat: stringStruct(fields)},
		}},
	}
	return &accesslogv3.AccessLog{
		Name:       "envoy.access_loggers.file",
		ConfigType: &accesslogv3.AccessLog_TypedConfig{TypedConfig: b.any(config)},
	}
}
