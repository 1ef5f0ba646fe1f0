using CoLlm.Cli;
using CoLlm.Cli.JsonLines;

return await CollmCommand.Create(ConsoleStreams.OfProcess()).Parse(args).InvokeAsync();
