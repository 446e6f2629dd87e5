package main

import (
	"errors"
	"os"
)

// put writes a text into a file and brings it to the disk.
func put(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New(usage)
	}
	file, err := os.Create(arguments[0])
	if err != nil {
		return err
	}
	if _, err = file.WriteString(arguments[1]); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// get prints a file.
func get(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New(usage)
	}
	content, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(content)
	return err
}
