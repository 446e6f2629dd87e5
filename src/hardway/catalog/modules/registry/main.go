// Command registry is the CNCF's distribution registry with one kind of storage, the file system: the clouds' own kinds
// of storage would make it three times as large and as long to build.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
