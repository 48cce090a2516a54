/** How each host is told about the server; docs/install.md shows the same. */
export function mcpSnippets(program: string): { host: string; file: string; text: string }[] {
  const entry = { command: "node", args: [program, "serve"] };
  const json = (value: unknown) => JSON.stringify(value, undefined, 2);
  return [
    { host: "Claude Desktop", file: "claude_desktop_config.json", text: json({ mcpServers: { deploy: entry } }) },
    { host: "Cursor", file: ".cursor/mcp.json", text: json({ mcpServers: { deploy: entry } }) },
    { host: "VS Code", file: ".vscode/mcp.json", text: json({ servers: { deploy: { type: "stdio", ...entry } } }) },
    {
      host: "Codex",
      file: "~/.codex/config.toml",
      text: `[mcp_servers.deploy]\ncommand = "node"\nargs = [${JSON.stringify(program)}, "serve"]`,
    },
    { host: "Gemini CLI", file: "~/.gemini/settings.json", text: json({ mcpServers: { deploy: entry } }) },
    {
      host: "opencode",
      file: "opencode.json",
      text: json({ mcp: { deploy: { type: "local", command: ["node", program, "serve"], enabled: true } } }),
    },
  ];
}

/** What is left to do after an installation. */
export function hostAdvice(host: "claude" | "agents", program: string): string {
  if (host === "claude") {
    return [
      "Next: start Claude Code in the folder of a service with deploy.yaml and say `deploy 2.4.0 to production`.",
      "The server, the agents and the guard come along as a plugin; `claude plugin list` shows it.",
    ].join("\n");
  }
  const shown = mcpSnippets(program).filter(({ host: name }) => /Codex|Gemini|opencode/.test(name));
  return [
    "Next: tell the host about the server.",
    ...shown.map(({ host: name, file, text }) => `\n${name}, ${file}:\n${text}`),
  ].join("\n");
}
