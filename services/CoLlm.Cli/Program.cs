using CoLlm.Cli;

return await CollmCommand.Create().Parse(args).InvokeAsync();
