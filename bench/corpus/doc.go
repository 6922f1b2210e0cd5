// Package corpus keeps recorded access logs, from which the benchmarks make as
// many rows as they need.
//
// A recording holds the messages of some Envoys' access log streams as they
// came over the wire. bench/record makes one. Fresh gives its entries new ids
// and times without changing their size, so that a recording that is sent a
// thousand times compresses like a thousand recordings.
//
// File format: gzip, in it records of {uvarint stream, uvarint length, message};
// the first message of a stream carries its identifier.
package corpus
