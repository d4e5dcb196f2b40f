module github.com/firn-db/firn/bindings/go

go 1.24
