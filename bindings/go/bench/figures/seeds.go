package main

// What the earlier systems said of themselves, in ns an operation, and the benchmark that does the same.
var seedTables = []seedTable{
	{"| GoLite, `buffered` (Firn: `interval:1s`, and what is acknowledged survives `kill -9`) | theirs | Firn |", []seedRow{
		{"InsertSequential", "3420", []string{"GoLite/InsertSequential"}},
		{"InsertConcurrent (a goroutine a core here, one an operation there)", "10308", []string{"GoLite/InsertConcurrent"}},
		{"InsertBatch of 1000, an entry", "1637 (published)", []string{"GoLite/InsertBatch"}},
		{"GetSequential", "678", []string{"GoLite/GetSequential"}},
		{"GetConcurrent", "2075", []string{"GoLite/GetConcurrent"}},
		{"the wish: insert 2 M/s (500 ns), keys made before", "-", []string{"GoLite/WishInsert"}},
		{"the wish: get 5 M/s (200 ns)", "-", []string{"GoLite/WishGet"}},
		{"the same, 100 a `Lookup`", "-", []string{"GoLite/WishGetLookup100"}},
	}},
	{"| Bitcask-Go, `os` (Firn: `process`) | theirs, with CRC | Firn |", []seedRow{
		{"Put small", "1266", []string{"Bitcask/PutSmall"}},
		{"Put 1 KB", "2814", []string{"Bitcask/Put1KB"}},
		{"Get small", "756", []string{"Bitcask/GetSmall"}},
		{"Get 1 KB", "2245", []string{"Bitcask/Get1KB"}},
		{"Put parallel", "1138", []string{"Bitcask/PutParallel"}},
		{"Get parallel", "870", []string{"Bitcask/GetParallel"}},
		{"Recovery, 10k x 4 KiB", "3,990,000 with hints (published)", []string{"Bitcask/Recovery"}},
	}},
	{"| namestore, `mem` | theirs | Firn `:memory:` | Firn `process` |", []seedRow{
		namestore("Set", "829", "Set"),
		namestore("Get", "161", "Get"),
		namestore("Delete", "390", "Delete"),
		namestore("SetNX", "736", "SetNX"),
		namestore("Exists", "147", "Exists"),
		namestore("Incr", "99", "Incr"),
		namestore("MGet 10", "857", "MGet10"),
		namestore("MSet 10", "420", "MSet10"),
		namestore("MDel 10", "3130", "MDel10"),
		namestore("Concurrent reads", "174", "ConcurrentReads"),
		namestore("Concurrent writes", "539", "ConcurrentWrites"),
		namestore("Mixed", "187", "Mixed"),
		namestore("Set of 5 B", "43", "SetValue5"),
		namestore("Set of 1 KiB", "403", "SetValue1024"),
		namestore("Set of 1 MiB", "113967", "SetValue1048576"),
		namestore("TTL", "162", "TTL"),
		namestore("Expire", "226", "Expire"),
		namestore("Persist", "176", "Persist"),
		namestore("GetSet", "120", "GetSet"),
		namestore("CAS", "464", "CAS"),
	}},
	{"| strata, one key | theirs (published, M1 Pro) | Firn `process` |", []seedRow{
		{"read, modify, write", "16600", []string{"Strata/ReadModifyWrite"}},
		{"compare and swap by version", "18500", []string{"Strata/CASByVersion"}},
		{"snapshot of 10 gets", "118000", []string{"Strata/SnapshotRead10"}},
	}},
}

func namestore(title, theirs, name string) seedRow {
	return seedRow{title, theirs, []string{"Namestore/memory/" + name, "Namestore/process/" + name}}
}
