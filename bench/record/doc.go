// Command record makes the recording that the ingest benchmarks use: it runs a
// shop of five workloads behind real Envoys, configured by mesh/envoyconf as
// every proxy of ours is, drives requests through it, and writes what their
// access log streams send.
//
//	go run ./bench/record -envoy .cache/tools/envoy -out bench/testdata/shop.als.gz
//
// There is no mutual TLS in it: the four tags that a connection under mutual TLS
// fills are given the values they would have, so that entries have the size of
// a mesh in use.
package main
