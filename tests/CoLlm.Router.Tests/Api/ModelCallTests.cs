using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Router.Tests.Peers;
using Grpc.Core;

namespace CoLlm.Router.Tests.Api;

/// <summary>The calls beside Generate: models, tokens, and prompts in every form.</summary>
public sealed class ModelCallTests
{
    [Fact]
    public async Task ListModels_ExpertReachable_DescribesBothSides()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options(expert.Address));
        await router.GenerateAsync(RouterUnderTest.Request("short", 1f, maxNewTokens: 1));

        CollaborativeModel model = (await router.Client.ListModelsAsync(new ListModelsRequest())).Models.Single();

        Assert.Equal(("collm", 512, 0.5f), (model.Name, model.UsableVocabularySize, model.DefaultThreshold));
        Assert.Equal(("llama", "cpu", 514, true), (model.Base.Architecture, model.Base.Backend, model.Base.VocabularySize, model.Base.BitwiseReproducible));
        Assert.Equal(32, model.Base.Fingerprint.Length);
        Assert.Equal(("expert", 528, 1), (model.Experts[0].Name, model.Experts[0].Model.VocabularySize, model.Experts[0].ReachableReplicaCount));
    }

    [Fact]
    public async Task Tokenize_TextThereAndBack_IsTheSameAndPromptsUseIt()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options());
        TokenizeResponse tokens = await router.Client.TokenizeAsync(new TokenizeRequest { Text = "Two models write." });
        DetokenizeResponse text = await router.Client.DetokenizeAsync(new DetokenizeRequest { Ids = { tokens.Ids } });
        Assert.Equal("Two models write.", text.Text);

        GenerateRequest byIds = RouterUnderTest.Request(maxNewTokens: 8);
        byIds.TokenIds = new TokenIds { Ids = { tokens.Ids } };
        GenerateRequest byText = byIds.Clone();
        byText.Prompt = "Two models write.";
        Assert.Equal((await router.GenerateAsync(byIds)).TokenIds, (await router.GenerateAsync(byText)).TokenIds);
    }

    [Fact]
    public async Task Tokenize_Chat_IsLaidOutByTheTemplateAndOpensTheAnswer()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options());
        var chat = new Chat { Messages = { new ChatMessage { Role = "user", Content = "Hello" } } };
        TokenizeResponse tokens = await router.Client.TokenizeAsync(new TokenizeRequest { Chat = chat });
        DetokenizeResponse text = await router.Client.DetokenizeAsync(new DetokenizeRequest { Ids = { tokens.Ids }, KeepSpecialTokens = true });
        Assert.Contains("Hello", text.Text, StringComparison.Ordinal);

        GenerateRequest request = RouterUnderTest.Request(maxNewTokens: 2);
        request.Chat = chat;
        Assert.Equal(tokens.Ids.Count, (await router.GenerateAsync(request)).Started!.PromptTokenCount);
    }

    [Fact]
    public async Task Detokenize_IdOutsideTheVocabulary_IsRefused()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options());
        RpcException exception = await Assert.ThrowsAsync<RpcException>(
            () => router.Client.DetokenizeAsync(new DetokenizeRequest { Ids = { 1, 514 } }).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, exception.StatusCode);
        Assert.Equal("ids[1] is 514; the tokenizer has the ids 0 to 513.", exception.Status.Detail);
    }

    [Fact]
    public async Task Generate_NoExpertConfigured_IsTheBaseAloneAndSaysWhatItCannotDo()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options());
        Answered answer = await router.GenerateAsync(RouterUnderTest.Request("short"));
        Assert.Equal(CollaborationMode.BaseOnly, answer.Started!.Mode);
        Assert.Empty(answer.Summary!.Experts);

        GenerateRequest request = RouterUnderTest.Request("short");
        request.Collaboration.Mode = CollaborationMode.ExpertOnly;
        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => router.GenerateAsync(request));
        Assert.Equal((StatusCode.Unimplemented, FailureReason.Unsupported.Name()), (exception.StatusCode, exception.Trailers.GetValue(FailureReasons.ReasonTrailer)));
    }
}
