using CoLlm.Benchmarks;

return await BenchmarkCatalog.RunAsync(args);
