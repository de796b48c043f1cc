{{ disposed(ref('typed_jiangxi__guidance_actions')) }}
