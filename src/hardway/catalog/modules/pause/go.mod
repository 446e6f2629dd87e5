module hardway.internal/pause

go 1.26.0
