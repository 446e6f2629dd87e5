module hardway.internal/probe

go 1.26.0
