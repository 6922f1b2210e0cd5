// Package sqlscan finds in a ClickHouse statement the few things that the HTTP
// interface must know before the engine parses it: the leading keyword, the
// FORMAT clause, where the data of an INSERT begins, and whether a second
// statement follows.
//
// Scanner cuts the text into tokens by the rules of ClickHouse's
// src/Parsers/Lexer.cpp; Parse reads a Statement out of them. Neither checks the
// grammar: what is wrong with a statement, the engine says better.
package sqlscan
