module conns

go 1.19
