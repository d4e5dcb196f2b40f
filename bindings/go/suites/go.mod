module github.com/firn-db/firn/bindings/go/suites

go 1.25.0

replace github.com/firn-db/firn/bindings/go => ../

require (
	github.com/ethereum/go-ethereum v1.14.12
	github.com/firn-db/firn/bindings/go v0.0.0
	github.com/ipfs/go-datastore v0.9.2
)

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/ipfs/go-detect-race v0.0.1 // indirect
)
