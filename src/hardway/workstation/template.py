"""The commented workstation.yaml that `hardway workstation init` writes: it parses to exactly the defaults. Pure."""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = r"""# The computer that clusters are worked on from. Everything below is the default.
# `hardway workstation plan` shows what it takes, `apply` does it, `undo` brings back what was there before.
apiVersion: hardway/v1
kind: Workstation

bin: ~/.local/bin                     # the folder of your own programs; it should be on your PATH
programs: [kubectl, hardway]          # and openstack: the OpenStack client, pinned, in a Python environment of its own
completions: [bash]                   # and zsh (a block in .zshrc), fish

clusters: []                          # their contexts go into your kubeconfig, as hardway-CLUSTER
#  - spec: cluster.yaml
#    names: none                      # or hosts: names that DNS does not know go into /etc/hosts, which takes root

associations: {}                      # Linux: what opens files, by xdg-mime
#  text/plain: org.gnome.TextEditor.desktop

windows:                              # from WSL: what opens files on Windows, by its own assoc and ftype
  cmd: [cmd.exe]
  fileTypes: {}                       # the program without quotes: hardway writes "C:\...\editor.exe" "%1"
#    txtfile: C:\Program Files\Editor\editor.exe
  extensions: {}
#    .txt: txtfile
"""


def template() -> str:
    """The text of a workstation.yaml."""
    return TEMPLATE
