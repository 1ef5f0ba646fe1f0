using Grpc.Reflection.V1;

namespace CoLlm.Grpc.Tests.Reflection.Stricter;

/// <summary>Every answer says which question it answers.</summary>
public sealed class EchoedQuestionTests
{
    [Theory]
    [InlineData("v1")]
    [InlineData("v1alpha")]
    public async Task Answer_ToAQuestion_EchoesIt(string version)
    {
        ServerReflectionRequest question = new() { ListServices = "*", Host = "here" };
        Assert.Equal(question, (await ReflectionServiceTests.AskAsync(version, question)).OriginalRequest);
    }
}
